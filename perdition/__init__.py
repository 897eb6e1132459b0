"""Perdition: a POP3, IMAP4 and ManageSieve proxy, and the sans-IO protocol machines that it is built on."""
