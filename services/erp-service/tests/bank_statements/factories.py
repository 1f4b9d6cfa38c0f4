"""Statements as banks send them."""

from collections.abc import Iterable

from ..payments.factories import DAY, IBAN

THEIR_IBAN = "AT611904300234573201"


def entry(
    amount: str = "119.00",
    *,
    text: str = "",
    reference: str | None = None,
    bank: str | None = None,
    name: str = "Alfreds Futterkiste GmbH",
    iban: str = THEIR_IBAN,
    indicator: str = "CRDT",
    currency: str = "EUR",
    status: str = "<Sts>BOOK</Sts>",
    party: str = "<{who}><Nm>{name}</Nm></{who}>",
) -> str:
    """A booked entry of one movement."""
    who = "Dbtr" if indicator == "CRDT" else "Cdtr"
    references = f"<EndToEndId>{reference or 'NOTPROVIDED'}</EndToEndId>"
    return f"""
      <Ntry>
        <Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>{status}
        <BookgDt><Dt>{DAY}</Dt></BookgDt><ValDt><Dt>{DAY}</Dt></ValDt>
        {f"<AcctSvcrRef>{bank}</AcctSvcrRef>" if bank else ""}
        <NtryDtls><TxDtls>
          <Refs>{references}</Refs>
          <RltdPties>{party.format(who=who, name=name)}<{who}Acct><Id><IBAN>{iban}</IBAN></Id></{who}Acct></RltdPties>
          <RmtInf><Ustrd>{text}</Ustrd></RmtInf>
        </TxDtls></NtryDtls>
      </Ntry>"""


def camt(
    *entries: str, iban: str = IBAN, identifier: str = "STMT-1", version: str = "08", message: str = "camt.053"
) -> bytes:
    """A statement of an account."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <Document xmlns="urn:iso:std:iso:20022:tech:xsd:{message}.001.{version}">
      <BkToCstmrStmt>
        <GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-11-03T04:00:00</CreDtTm></GrpHdr>
        <Stmt>
          <Id>{identifier}</Id><ElctrncSeqNb>7</ElctrncSeqNb>
          <Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>
          <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">10.00</Amt>
            <CdtDbtInd>DBIT</CdtDbtInd><Dt><Dt>2026-11-01</Dt></Dt></Bal>
          <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">109.00</Amt>
            <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-02</Dt></Dt></Bal>
          {"".join(entries)}
        </Stmt>
      </BkToCstmrStmt>
    </Document>""".encode()


def csv(rows: Iterable[str], header: str = "booked_on,amount,end_to_end_id,counterparty_name,remittance") -> bytes:
    return "\n".join([header, *rows]).encode()
