"""From quote to cash over real data: Northwind's customers, products and orders, run to the last payment."""
