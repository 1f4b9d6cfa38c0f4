"""What the parts of the API are about, in reading order."""

from documentation.tags import COMMON

TAGS = {
    "customers": "Companies and people that buy, and the duplicates among them. Shared with the ERP.",
    "contacts": "People at customers, and how to reach them. Shared with the ERP.",
    "leads": "People who may become customers: scored, assigned, qualified, converted.",
    "forms": "Forms of websites, and what visitors submit in them.",
    "deals": "Sales in progress in the stages of a pipeline; the forecast and the funnel.",
    "quotas": "What employees and teams are to sell in a period, and how far they are.",
    "quotes": "Offers with lines and prices, sent as PDF, accepted or declined; the limits of discounts.",
    "orders": "Orders from draft to hand-over; the ERP confirms, ships and invoices them.",
    "products": "Products, price lists and prices, and what a basket costs a customer.",
    "receivables": "What customers owe: invoices, credit notes, payments and balances, as the ERP has them.",
    "tasks": "What is to be done, once or again and again, with reminders.",
    "calendar": "Events with attendees and rules, free and busy times, and bookings of employees and resources.",
    "interactions": "Calls, meetings and letters: who spoke with whom, when, about what.",
    "emails": "E-mail that was sent and received, at the record that it belongs to.",
    "email_templates": "Texts of e-mail with placeholders.",
    "mailboxes": "The mailboxes from which e-mail is sent and read.",
    "text_messages": "SMS and messages of social networks that were sent and received.",
    "message_channels": "The numbers and accounts of text messages, with their gateways.",
    "employees": "Who works here. The ERP keeps them; records are owned by employees.",
    "teams": "Teams of employees. The ERP keeps them.",
    **COMMON,
}
