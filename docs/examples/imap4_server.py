"""An IMAP4 server that lets one user in, with nothing but the machine and a socket.

python docs/examples/imap4_server.py 1143
curl --user alice:wonderland imap://127.0.0.1:1143 -X NOOP
"""

import socket
import sys

from perdition.protocol import NEED_DATA, RemoteProtocolError, Secret, imap4

USER, PASSWORD = b"alice", Secret(b"wonderland")
GREETING = imap4.Greeting(b"ready", code=b"CAPABILITY IMAP4rev1")


def answer(event: imap4.Command) -> list[imap4.Tagged | imap4.Untagged | imap4.Notice]:
    """Say what a command gets; the machine has made sure that it is legal here."""
    ok = imap4.Tagged(event.tag, imap4.Status.OK, event.verb.encode())
    match event:
        case imap4.Command(verb="LOGIN", args=(name, password)):
            if (name, password) == (USER, PASSWORD):
                return [ok]
            return [imap4.Tagged(event.tag, imap4.Status.NO, b"who are you?", b"AUTHENTICATIONFAILED")]
        case imap4.Command(verb="CAPABILITY"):
            return [imap4.Untagged((b"CAPABILITY IMAP4rev1",)), ok]
        case imap4.Command(verb="LOGOUT"):
            return [imap4.Notice(imap4.Status.BYE, b"see you"), ok]
        case imap4.Command(verb="NOOP"):
            return [ok]
    return [imap4.Tagged(event.tag, imap4.Status.NO, b"not in this example")]


def serve(connection: socket.socket) -> None:
    """Talk to one client until it leaves."""
    machine = imap4.Server()
    connection.sendall(machine.send(GREETING))
    while True:
        try:
            event = machine.next_event()
        except RemoteProtocolError as error:  # its place in the stream is lost: say good-bye
            connection.sendall(machine.farewell(error.fault))
            return
        match event:
            case imap4.Command():
                connection.sendall(b"".join(machine.send(said) for said in answer(event)))
            case imap4.LiteralOffered():  # the client waits for our word
                connection.sendall(machine.send(imap4.Continuation(b"go on")))
            case imap4.BadCommand(reply):  # the machine knows what is wrong with it
                connection.sendall(machine.send(reply))
            case imap4.Closed():
                return
            case signal if signal is NEED_DATA:
                machine.receive_data(connection.recv(65536))  # b"" tells the machine that the stream has ended


def main() -> None:
    """Serve one client after another."""
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        sys.stdout.write(f"listening on port {listener.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            with connection:
                serve(connection)


if __name__ == "__main__":
    main()
