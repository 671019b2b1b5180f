/** Request targets, and the path that the event of each has to carry: written by hand from section 4 of the protocol. */
export const TARGETS: ReadonlyArray<readonly [string, string]> = [
  ['/', '/'],
  ['/users', '/users'],
  ['/users/', '/users'],
  ['/users/7', '/users/{id}'],
  ['/users/7?token=secret&x=%20', '/users/{id}'],
  ['/orders/550e8400-e29b-41d4-a716-446655440000/items/3', '/orders/{id}/items/{id}'],
  ['/reports/2024-05-01', '/reports/{date}'],
  ['/u/jane.doe%40example.com', '/u/{email}'],
  ['/assets/index-BXAKTxRC.js', '/assets/*.js'],
  ['/search/hello%20world', '/search/{text}'],
  ['/v1/health?', '/v1/health'],
]

/** Those that only a raw socket can send. */
export const ODD_TARGETS: ReadonlyArray<readonly [string, string]> = [
  ['//users///7', '/users/{id}'],
  ['/%zz', '/{text}'],
  ['/well-known/%E0%A4%A', '/well-known/{text}'],
  ['/../etc/passwd', '/../etc/passwd'],
  ['/a#fragment', '/a'],
  ['http://api.example.com/users/7?x=1', '/users/{id}'],
  ['HTTP://user:secret@api.example.com:8080', '/'],
  ['/{id}', '/{id}'],
  [`/${'long'.repeat(2_000)}`, '/{id}'],
  [`/files?q=${'x'.repeat(8_000)}`, '/files'],
]
