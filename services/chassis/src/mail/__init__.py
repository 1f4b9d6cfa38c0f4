"""E-mail: messages are read and written, sent by SMTP and fetched by IMAP. It knows no database and no service."""

from mail.delivery_status import Bounce
from mail.message import Address, Attachment, Parsed, Unreadable, parse
from mail.servers import Login, Server, Tls
from mail.writing import Draft, composed, new_message_id

__all__ = [
    "Address",
    "Attachment",
    "Bounce",
    "Draft",
    "Login",
    "Parsed",
    "Server",
    "Tls",
    "Unreadable",
    "composed",
    "new_message_id",
    "parse",
]
