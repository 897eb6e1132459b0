"""What a proxy costs, as the kernel writes it."""

import subprocess

import pytest

from benchmarks.accounts import TICK, Memory, Session, all_stats, read_busy, read_memory, read_stat, read_usage


def test_a_cgroup_counts_in_microseconds() -> None:
    assert read_usage("usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n") == 1.5


def test_a_cgroup_without_usage_is_no_account() -> None:
    with pytest.raises(ValueError, match="usage_usec"):
        read_usage("nr_periods 0\n")


def test_the_name_of_a_process_may_hold_blanks_and_brackets() -> None:
    stat = read_stat("71 (a) b (c) S 1 70 69 0 -1 0 0 0 0 0 10 20 30 40 20 0 1 0 5 0 0")

    assert (stat.process, stat.parent, stat.session) == (71, 1, 69)
    assert stat.cpu == pytest.approx(100 * TICK)


def test_the_machine_is_not_busy_while_it_waits() -> None:
    assert read_busy("cpu  10 20 30 4000 500 6 7 800 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n") == pytest.approx(73 * TICK)


def test_memory_is_private_and_shared_out() -> None:
    text = "55-56 ---p 00000000 00:00 0 [rollup]\nRss: 90 kB\nPss: 40 kB\nPrivate_Clean: 3 kB\nPrivate_Dirty: 20 kB\n"

    assert read_memory(text) == Memory(private=23, proportional=40)


def test_a_session_has_its_grandchildren() -> None:
    shell = "sleep 60 & echo $!; read end; kill $!"
    with subprocess.Popen(
        ["sh", "-c", shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as first:
        assert first.stdout is not None
        grandchild = int(first.stdout.readline())
        account = Session()
        account.began(first.pid)
        found = account.processes()
        first.communicate("end\n")

    assert set(found) >= {first.pid, grandchild}
    assert len(found) < len(list(all_stats()))
