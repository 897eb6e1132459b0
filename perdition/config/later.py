"""Options of perdition 2.2 that this version knows by name only: using one is an error that says so."""

from typing import Final

from perdition.config.option import Later, Takes

LATER: Final = (
    Later("authenticate_in", "a", Takes.FLAG),
    Later("connect_relog", "", Takes.NUMBER),
    Later("connection_logging", "C", Takes.FLAG),
    Later("group", "g", Takes.TEXT),
    Later("inetd_mode", "i", Takes.FLAG),
    Later("log_passwd", "", Takes.TEXT),
    Later("ssl_ca_accept_self_signed", "", Takes.FLAG),
    Later("ssl_ca_chain_file", "", Takes.TEXT),
    Later("ssl_cert_accept_expired", "", Takes.FLAG),
    Later("ssl_cert_accept_not_yet_valid", "", Takes.FLAG),
    Later("ssl_cert_accept_self_signed", "", Takes.FLAG),
    Later("ssl_cert_verify_depth", "", Takes.NUMBER),
    Later("ssl_dh_params_file", "", Takes.TEXT),
    Later("ssl_listen_ciphers", "", Takes.TEXT),
    Later("ssl_listen_compression", "", Takes.FLAG),
    Later("ssl_listen_max_proto_version", "", Takes.TEXT),
    Later("ssl_listen_min_proto_version", "", Takes.TEXT),
    Later("ssl_no_cipher_server_preference", "", Takes.FLAG),
    Later("ssl_no_client_cert_verify", "", Takes.FLAG),
    Later("ssl_outgoing_ciphers", "", Takes.TEXT),
    Later("ssl_outgoing_compression", "", Takes.FLAG),
    Later("ssl_outgoing_max_proto_version", "", Takes.TEXT),
    Later("ssl_outgoing_min_proto_version", "", Takes.TEXT),
    Later("ssl_passphrase_fd", "", Takes.NUMBER),
    Later("ssl_passphrase_file", "", Takes.TEXT),
    Later("username", "u", Takes.TEXT),
)
