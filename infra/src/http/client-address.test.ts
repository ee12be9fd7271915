import { expect, test } from 'bun:test'
import { CLIENT_HEADER, createClientAddress } from './client-address.ts'

const SECRET = 'between-gateway-and-services'
const server = { requestIP: () => ({ address: '127.0.0.1', family: 'IPv4' as const, port: 1 }) }

for (const [name, headers, expected] of [
  ['the address that the gateway names', { [CLIENT_HEADER]: `${SECRET} 192.0.2.7` }, '192.0.2.7'],
  ['the IPv4 address in an IPv6 one', { [CLIENT_HEADER]: `${SECRET} ::ffff:192.0.2.7` }, '192.0.2.7'],
  ['the network of an IPv6 address', { [CLIENT_HEADER]: `${SECRET} 2001:db8:1:2:3:4:5:6` }, '2001:db8:1:2'],
  ['the network of a short IPv6 address', { [CLIENT_HEADER]: `${SECRET} 2001:db8::6` }, '2001:db8:0:0'],
  ["the connection's without a header", {}, '127.0.0.1'],
  ["the connection's with a wrong secret", { [CLIENT_HEADER]: `${SECRET}x 192.0.2.7` }, '127.0.0.1'],
  ["the connection's without a secret", { [CLIENT_HEADER]: '192.0.2.7' }, '127.0.0.1'],
  [
    "the connection's with the headers of proxies",
    { 'x-forwarded-for': '192.0.2.7', forwarded: 'for=1.1.1.1' },
    '127.0.0.1',
  ],
] as const) {
  test(`the address of a client is ${name}`, () => {
    const findClient = createClientAddress(SECRET)
    expect(findClient(new Request('http://localhost/', { headers: { ...headers } }), server)).toBe(expected)
  })
}

test('nobody is believed where there is no secret', () => {
  const request = new Request('http://localhost/', { headers: { [CLIENT_HEADER]: ' 192.0.2.7' } })
  expect(createClientAddress(undefined)(request, server)).toBe('127.0.0.1')
  expect(createClientAddress(undefined)(request, null)).toBe('')
})
