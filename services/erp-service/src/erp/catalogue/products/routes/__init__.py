"""HTTP of products, price lists, prices and tax rates."""

from erp.catalogue.products.routes import price_lists, prices, products, tax_rates

routers = (
    products.router,
    products.batches,
    price_lists.router,
    prices.router,
    prices.batches,
    tax_rates.router,
)
