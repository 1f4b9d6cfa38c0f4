// A front end's way through both services, by the generated clients alone. Prints what it has seen as JSON.
import * as crm from './crm';
import { createClient } from './crm/client';
import * as erp from './erp';

const bearer = (baseUrl: string) =>
  createClient({ baseUrl, headers: { Authorization: `Bearer ${process.env['TOKEN']}` }, throwOnError: true });
const sales = bearer(process.env['CRM'] ?? '');
const office = bearer(process.env['ERP'] ?? '');

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not come true in 30 s`);
}

async function aProduct(): Promise<crm.ProductRead> {
  const body = { name: 'Chai', list_price: { amount: '18.00', currency: 'EUR' } };
  const { data: made } = await erp.productsCreateProduct({ client: office, body, throwOnError: true });
  const goods = { product_id: made.id, quantity: '100', unit_cost: '10.00' };
  await erp.inventoryReceiveStock({ client: office, body: goods, throwOnError: true });
  return eventually('the product in the CRM', async () => {
    const { data } = await crm.productsListProducts({ client: sales, query: { q: 'Chai' }, throwOnError: true });
    return data.items[0];
  });
}

async function aCustomer(): Promise<[crm.CustomerRead, erp.CustomerRead]> {
  const body = { name: 'Alfreds Futterkiste', phone: '030-0074321', currency: 'EUR', tags: ['retail'] };
  const { data: made } = await crm.customersCreateCustomer({ client: sales, body, throwOnError: true });
  const there = await eventually('the customer in the ERP', async () => {
    const { data } = await erp.customersListCustomers({ client: office, query: { q: 'Alfreds' }, throwOnError: true });
    return data.items[0];
  });
  return [made, there];
}

async function edit(customer_id: string): Promise<{ phone: string | null; stale: number }> {
  const path = { customer_id };
  const { data: read, response } = await crm.customersReadCustomer({ client: sales, path, throwOnError: true });
  const headers = { 'If-Match': response.headers.get('etag') ?? '' };
  const { data: changed } = await crm.customersChangeCustomer({
    client: sales, path, headers, body: { phone: '030-0074399' }, throwOnError: true,
  });
  const { error, response: refused } = await crm.customersChangeCustomer({
    client: sales, path, headers: { 'If-Match': `"${read.version}"` }, body: { phone: '1' }, throwOnError: false,
  });
  if (!error || !('current' in error)) throw new Error('the refusal has no current record');
  return { phone: changed.phone, stale: refused?.status ?? 0 };
}

async function order(customer_id: string, product_id: string): Promise<crm.OrderViewRead> {
  const body = { customer_id, currency: 'EUR', lines: [{ product_id, quantity: '10' }] };
  const { data: draft } = await crm.ordersCreateOrder({ client: sales, body, throwOnError: true });
  const path = { order_id: draft.id };
  await crm.ordersSubmitOrder({ client: sales, path, throwOnError: true });
  return eventually('the confirmation', async () => {
    const { data } = await crm.ordersReadOrder({ client: sales, path, throwOnError: true });
    return data.state === 'confirmed' ? data : undefined;
  });
}

async function pages(): Promise<string[]> {
  for (const name of ['Berliner Kaffee', 'Kaffee & Mehr', 'Wiener Kaffee']) {
    await crm.customersCreateCustomer({ client: sales, body: { name, tags: ['coffee'] }, throwOnError: true });
  }
  const names: string[] = [];
  let cursor: string | null | undefined;
  do {
    const query = { tag: ['coffee'], sort: 'name', limit: 2, ...(cursor ? { cursor } : {}) };
    const { data } = await crm.customersListCustomers({ client: sales, query, throwOnError: true });
    names.push(...data.items.map(({ name }) => name));
    cursor = data.next_cursor;
  } while (cursor);
  return names;
}

async function feed(record: string): Promise<string[]> {
  const query = { kinds: 'customer', record };
  const { data } = await crm.eventsListEvents({ client: sales, query, throwOnError: true });
  return [...new Set(data.items.map(({ type }) => String(type)))];
}

async function story(): Promise<void> {
  const product = await aProduct();
  const [mine, theirs] = await aCustomer();
  const edited = await edit(mine.id);
  const confirmed = await order(mine.id, product.id);
  const seen = {
    number: theirs.number, ...edited, total: confirmed.total, coffee: await pages(), events: await feed(mine.id),
  };
  console.log(JSON.stringify(seen));
}

story().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
