import { expect, test } from 'bun:test'
import { toAccessOptions } from './access.ts'
import { isBusUrlList, listBusHosts } from './bus-urls.ts'

test.each([
  ['nats://one:4222', true],
  ['nats://user:secret@one:4222, tls://two:4223,', true],
  ['nats://[::1]:4222', true],
  ['nats://user:a,b@one:4222,nats://two:4222', true],
  ['nats://user:100%@one:4222', false],
  ['', false],
  [' , ', false],
  ['one:4222', false],
  ['nats://one:4222,two:4222', false],
  ['nats://one:4222 nats://two:4222', false],
  ['http://one:4222', false],
  ['nats://', false],
  ['nats://one:port', false],
])('%p is a list of addresses: %p', (list, isValid) => {
  expect(isBusUrlList(list)).toBe(isValid)
})

test('the user is that of the first address that has one, and none appears in logs', () => {
  const url = 'nats://one:4222,nats://us%40er:p%2Fw@two:4222,nats://other:else@three:4222'
  expect(toAccessOptions({ url })).toEqual({
    servers: ['one:4222', 'two:4222', 'three:4222'],
    user: 'us@er',
    pass: 'p/w',
  })
  expect(listBusHosts(url)).toBe('one:4222,two:4222,three:4222')
})

test.each([
  ['an address that is tls', { url: 'nats://one:4222,tls://two:4222' }, {}],
  ['an authority of its own', { url: 'nats://one:4222', ca: 'PEM' }, { ca: 'PEM' }],
  ['neither', { url: 'nats://one:4222' }, undefined],
])('TLS is required for %s', (_, access, tls) => {
  expect(toAccessOptions(access).tls).toEqual(tls)
})
