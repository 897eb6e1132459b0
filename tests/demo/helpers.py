"""Talking to a demo server's application without a network."""

from perdition.demo.application import Answer, Application, Then, Tls


def connect(application: Application, tls: Tls = Tls.NONE) -> bytes:
    """Connect; give the greeting."""
    answer = application.connected(tls)

    assert answer.then is Then.READ
    return answer.data


def talk(application: Application, data: bytes) -> Answer:
    """Send octets; give everything that comes back until more is wanted."""
    said = b""
    answer = application.received(data)
    while answer.then is Then.GO_ON:
        said += answer.data
        answer = application.go_on()
    return Answer(said + answer.data, answer.then)


def say(application: Application, data: bytes) -> bytes:
    """Send octets to a connection that stays open; give what comes back."""
    answer = talk(application, data)

    assert answer.then is Then.READ
    return answer.data
