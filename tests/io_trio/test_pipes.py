"""Pipes for splice: bounded, used again, and empty."""

import os
import resource

import pytest

from perdition.io_trio.pipes import IN_USE, SPARE, Pipe, Pipes, make


@pytest.fixture
def pipes() -> Pipes:
    return Pipes()


def is_open(pipe: Pipe) -> bool:
    try:
        os.fstat(pipe.reader)
        os.fstat(pipe.writer)
    except OSError:
        return False
    return True


def taken(pipes: Pipes) -> Pipe:
    pipe = pipes.take()
    assert pipe is not None
    return pipe


def test_an_empty_pipe_is_used_again_and_none_is_kept_at_rest(pipes: Pipes) -> None:
    other, pipe = taken(pipes), taken(pipes)
    pipes.give_back(pipe, empty=True)

    assert taken(pipes) is pipe

    pipes.give_back(pipe, empty=True)

    assert is_open(pipe)

    pipes.give_back(other, empty=True)

    assert not is_open(pipe)
    assert not is_open(other)


def test_a_pipe_with_octets_in_it_is_not(pipes: Pipes) -> None:
    pipe = taken(pipes)
    os.write(pipe.writer, b"secret")
    pipes.give_back(pipe, empty=False)

    assert not is_open(pipe)


def test_no_more_are_in_use_than_the_bound_and_few_are_kept(pipes: Pipes) -> None:
    several = [taken(pipes) for _ in range(IN_USE)]

    assert pipes.take() is None

    last = several[-1]
    for pipe in several[:-1]:
        pipes.give_back(pipe, empty=True)

    assert sum(map(is_open, several)) == SPARE + 1

    pipes.give_back(last, empty=True)

    assert not any(map(is_open, several))
    assert is_open(taken(pipes))


def test_it_neither_blocks_nor_is_inherited() -> None:
    pipe = make()
    assert pipe is not None
    with pytest.raises(BlockingIOError):
        os.read(pipe.reader, 1)

    assert os.write(pipe.writer, bytes(2 * pipe.size)) == pipe.size
    assert not os.get_inheritable(pipe.reader)
    assert not os.get_inheritable(pipe.writer)

    pipe.close()


def test_without_descriptors_there_is_none(pipes: Pipes) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))

        assert pipes.take() is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
