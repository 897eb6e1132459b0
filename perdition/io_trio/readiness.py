"""What a socket is registered for, and what epoll tells of it."""

import select
from typing import Final

EVENTS: Final = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
OVER: Final = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
"""The end has come, so that it may lie behind what is there to be read."""
READABLE: Final = select.EPOLLIN | OVER
WRITABLE: Final = select.EPOLLOUT | select.EPOLLHUP | select.EPOLLERR
