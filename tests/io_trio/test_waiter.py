"""How a log-in waits: errands, and what ends them."""

import attrs
import trio

from perdition.maps import Found, Outcome, Query, Unavailable
from tests.io_trio.stage import LOG_IN, MakeStage, as_errand
from tests.io_trio.streams import read_all


async def test_an_errand_that_crashes_is_the_end_of_its_log_in_and_of_no_other(make_stage: MakeStage) -> None:
    stage, other = make_stage(), make_stage()

    async def crash(query: Query) -> Outcome:
        raise RuntimeError("a bug")

    stage.service.lookups = as_errand(crash)
    for one in (stage, other):
        one.log_in.start()
        await one.line()
    await stage.client.send_all(LOG_IN)

    assert await stage.end() is None
    assert await read_all(stage.client) == b""
    assert [line for line in stage.log if "Internal error: RuntimeError" in line]
    assert not any("a bug" in line for line in stage.log)

    await other.client.send_all(b"a NOOP\r\n")

    assert b"a OK" in await other.line()


async def test_a_map_that_has_to_be_waited_for_stops_nobody(make_stage: MakeStage) -> None:
    stage, other = make_stage(), make_stage()
    go_on = trio.Event()
    port = stage.listener.socket.getsockname()[1]

    async def ask(query: Query) -> Outcome:
        await go_on.wait()
        return Found(b"127.0.0.1:%d" % port)

    stage.service.lookups = as_errand(ask)
    for one in (stage, other):
        one.log_in.start()
        await one.line()
    await stage.client.send_all(LOG_IN)
    await other.client.send_all(b"a NOOP\r\n")

    assert b"a OK" in await other.line()
    go_on.set()
    server = await stage.accept()
    assert await stage.log_in_to(server) is not None
    await server.aclose()


async def test_a_client_that_goes_during_an_errand_is_noticed_behind_it(make_stage: MakeStage) -> None:
    stage = make_stage()
    asked, go_on = trio.Event(), trio.Event()

    async def ask(query: Query) -> Outcome:
        asked.set()
        await go_on.wait()
        return Unavailable("down")

    stage.service.lookups = as_errand(ask)
    stage.service.policy = attrs.evolve(stage.service.policy, failure_delay=0)
    stage.log_in.start()
    await stage.line()
    await stage.client.send_all(LOG_IN)
    await asked.wait()
    await stage.client.aclose()
    go_on.set()
    with trio.fail_after(20):
        assert await stage.end() is None


async def test_the_end_of_a_log_in_is_the_end_of_its_errand(make_stage: MakeStage) -> None:
    stage = make_stage()
    asked, cancelled = trio.Event(), trio.Event()

    async def ask(query: Query) -> Outcome:
        asked.set()
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()
        raise AssertionError

    stage.service.lookups = as_errand(ask)
    stage.log_in.start()
    await stage.line()
    await stage.client.send_all(LOG_IN)
    await asked.wait()
    stage.log_in.close()
    stage.relays.append(None)
    with trio.fail_after(20):
        await cancelled.wait()
