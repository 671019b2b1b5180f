/** Paths with how many in a hundred requests have them: mostly words and numbers, some files, a few scanners. */
const SHARES = [
  [30, (n) => `/api/v1/${['users', 'orders', 'products', 'carts', 'sessions'][n % 5]}`],
  [5, () => '/health'],
  [25, (n) => `/api/v1/users/${n}`],
  [10, (n) => `/api/v1/users/${n}/orders/${n * 7}?page=${n}`],
  [10, (n) => `/orders/550e8400-e29b-41d4-a716-${String(446655440000 + n)}`],
  [5, (n) => `/objects/507f1f77bcf86cd7994${String(39011 + n)}`],
  [5, (n) => `/blog/${n}-things-to-know-about-event-loops-${n}`],
  [5, (n) => `/assets/index-BXAK${n}RC.js`],
  [3, (n) => `/search/caf%C3%A9%20${n}`],
  [2, (n) => `/wp-admin/${'x'.repeat(n % 60)}.php?cmd=${n}`],
].flatMap(([share, path]) => Array.from({ length: share * 10 }, (_, n) => path(n)))

/** A mix as an API sees it, in an order that no branch predictor learns. */
export const mix = SHARES.map((path, n) => [(n * 7919) % SHARES.length, path])
  .toSorted(([a], [b]) => a - b)
  .map(([, path]) => path)
