"""The legal forms at the end of company names: "GmbH", "S.p.A.", "Ltd".

Source: ISO 20275 (Entity Legal Forms, maintained by GLEIF), the forms of trading companies in the countries of most
customers. Written in the form of `company_name_key`: case folded, without dots and accents. Words of one form are
joined by "|". Forms that are everyday words of some language ("da", "et", "me", "at") are omitted: a missed duplicate
in review is better than two companies merged into one.
"""

_FORMS = """
gmbh mbh ggmbh ug haftungsbeschrankt ag kg kgaa ohg gbr ev eg eingetragener|verein partg partgmbb eu og
gmbh|co|kg gmbh|co|ohg ag|co|kg co|kg se
ltd limited plc llp lp llc pllc inc incorporated corp corporation co company cic lllp ulc
pty|ltd pty|limited proprietary|limited pte|ltd pvt|ltd private|limited sdn|bhd bhd
sa sas sasu sarl eurl snc sca scs scop gie sprl bvba bv nv vof cv srl spa sapa sagl scrl
sl slu sll slne sociedad|anonima sociedad|limitada sa|de|cv s|de|rl|de|cv srl|de|cv sab|de|cv sapi|de|cv
ltda limitada lda eireli ca cia compania
ab hb kb aktiebolag as asa ans a|s aps ivs i|s k|s oy oyj ky tmi osakeyhtio hf ehf
sp|z|oo sp|zoo spolka|z|oo sp|j sp|k sro spol|s|ro as doo dd kft zrt nyrt bt ood ead eood uab sia ou
ae epe ike as|ltd|sti anonim|sirketi limited|sirketi kk gk kabushiki|kaisha ooo oao zao pao ооо оао зао пао
"""  # noqa: RUF001 - Russian forms are written in Cyrillic

LEGAL_FORMS: frozenset[tuple[str, ...]] = frozenset(tuple(form.split("|")) for form in _FORMS.split())
"""Legal forms as tuples of words."""

LONGEST_FORM = max(len(form) for form in LEGAL_FORMS)
"""Number of words of the longest legal form."""
