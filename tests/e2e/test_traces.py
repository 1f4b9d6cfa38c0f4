"""One edit is one trace over HTTP, outbox, Kafka, the hub, the delivery and the other side."""

from secrets import token_hex

from ..collector import Collector, Recorded
from .clients import Company
from .waiting import eventually

PASSED = {
    ("concord-crm", "PATCH customers_change_customer"),
    ("concord-crm", "publish crm.customer.v1"),
    ("concord-gateway", "merge customer"),
    ("concord-gateway", "publish sync.customer.v1"),
    ("concord-gateway", "deliver customer"),
    ("concord-erp", "POST replication_deliver"),
    ("concord-erp", "apply customer"),
    ("concord-erp", "publish erp.customer.v1"),
}
PHONE, STREET = "030-7654321", "Canary Row 17"


def test_an_edit_is_one_trace_up_to_the_event_of_the_other_system(company: Company, collector: Collector) -> None:
    mine, _ = company.customer_on_both()
    trace_id, caller = token_hex(16), token_hex(8)
    headers = {"If-Match": "*", "traceparent": f"00-{trace_id}-{caller}-01"}
    address = {"lines": [STREET], "postal_code": "12209", "city": "Berlin", "country": "DE"}
    edit = {"phone": PHONE, "billing_address": address}
    company.crm.call("PATCH", f"/v1/customers/{mine['id']}", json=edit, headers=headers)

    def recorded() -> list[Recorded]:
        found = [span for span in collector.spans() if span.trace_id == trace_id]
        missing = PASSED - {(span.service, span.name) for span in found}
        assert not missing, f"no span of the trace: {missing}"
        assert any(span.name == "merge customer" and "erp" in span.attributes["system"] for span in found)
        assert any(span.name == "deliver customer" and "crm" in span.attributes["system"] for span in found)
        return found

    spans = eventually(recorded)
    known = {span.span_id for span in spans}
    assert {span.parent_id for span in spans} - known == {caller}, "each span has a parent in the trace"
    (served,) = [span for span in spans if span.name == "PATCH customers_change_customer"]
    assert served.parent_id == caller
    said = str([(span.name, span.attributes) for span in spans])
    for value in (PHONE, STREET, mine["id"], mine["name"]):
        assert value not in said


def test_a_request_without_a_sampled_trace_exports_nothing(company: Company, collector: Collector) -> None:
    before = {span.trace_id for span in collector.spans()}
    trace_id = token_hex(16)
    company.crm.call("GET", "/v1/customers", headers={"traceparent": f"00-{trace_id}-{token_hex(8)}-00"})
    company.crm.call("GET", "/v1/customers")
    test_an_edit_is_one_trace_up_to_the_event_of_the_other_system(company, collector)
    assert len({span.trace_id for span in collector.spans()} - before) == 1
