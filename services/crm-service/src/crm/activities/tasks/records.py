"""The declaration of tasks."""

from activities import task_record

from crm.activities.interactions.records import PARTIES
from crm.activities.tasks.events import TASK
from crm.activities.tasks.models import Task
from crm.activities.tasks.schemas import DealTaskFilters, DealTaskOut, NewTask, TaskBody
from crm.parties.customers.records import CUSTOMERS
from crm.people.employees.records import EMPLOYEES
from crm.sales.deals.records import DEALS
from crm.sales.orders.records import ORDERS

TASKS = task_record(
    Task,
    TASK,
    PARTIES,
    body=TaskBody,
    new=NewTask,
    out=DealTaskOut,
    filters=DealTaskFilters,
    refers={"assignee_id": EMPLOYEES, "customer_id": CUSTOMERS, "order_id": ORDERS, "deal_id": DEALS},
)
