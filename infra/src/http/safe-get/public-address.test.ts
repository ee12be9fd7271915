import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { fetchErrorCode, testOptions } from '../../../testing/safe-get-server.ts'
import { isPublicAddress } from './public-address.ts'

/** A second, independent copy of the list of the product, which must agree with it. */
const PRIVATE_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const

const privateV4 = fc
  .tuple(fc.constantFrom(...PRIVATE_V4), fc.nat(2 ** 32 - 1))
  .map(([[network, bits], rest]) => (toNumber(network) + (rest % 2 ** (32 - bits))) >>> 0)

test('an IPv4 address is public exactly when no special block contains it', () => {
  const inside = (address: number) =>
    PRIVATE_V4.some(
      ([network, bits]) => address >>> 0 >= toNumber(network) && address - toNumber(network) < 2 ** (32 - bits),
    )
  const edges = PRIVATE_V4.flatMap(([network, bits]) => {
    const first = toNumber(network)
    return [first - 1, first, first + 2 ** (32 - bits) - 1, first + 2 ** (32 - bits)].filter(a => a >= 0 && a < 2 ** 32)
  })
  const address = fc.oneof(fc.nat(2 ** 32 - 1), fc.constantFrom(...edges))
  fc.assert(
    fc.property(address, value => expect(isPublicAddress(toDotted(value))).toBe(!inside(value))),
    { numRuns: 5_000, examples: edges.map(edge => [edge]) },
  )
})

test('global IPv6 addresses are public, and text that is no address is not', () => {
  const addresses = ['2606:4700::1111', '2001:4860:4860::8888', '2a00::1'].map(isPublicAddress)
  const others = ['', 'localhost', '1.2.3', '127.1', '::1%lo', 'fe80::1%eth0', '[2a00::1]', '2001:db8::1', '3fff::1']
  expect([addresses, others.map(isPublicAddress)]).toEqual([addresses.map(() => true), others.map(() => false)])
})

test('rejects a private IPv4 address in every spelling', async () => {
  const spelling = fc.constantFrom(...SPELLINGS)
  await fc.assert(
    fc.asyncProperty(privateV4, spelling, async (address, spell) => {
      expect(await fetchErrorCode(`http://${spell(address)}/`)).toBe('blocked-address')
    }),
    { numRuns: 1_000 },
  )
})

test('rejects every IPv6 address outside of global unicast, in every spelling', async () => {
  const word = fc.nat(0xffff)
  const prefix = fc.constantFrom(0x0000, 0x0064, 0x0100, 0x2002, 0x5f00, 0xfc00, 0xfdff, 0xfe80, 0xfec0, 0xff02)
  await fc.assert(
    fc.asyncProperty(
      prefix,
      fc.array(word, { minLength: 7, maxLength: 7 }),
      fc.boolean(),
      async (first, rest, long) => {
        const words = [first, ...rest].map(value => value.toString(16).padStart(long ? 4 : 1, '0'))
        const text = words.join(':')
        expect(await fetchErrorCode(`http://[${long ? text.toUpperCase() : text}]/`)).toBe('blocked-address')
      },
    ),
    { numRuns: 1_000 },
  )
})

test('rejects a name with a private address at any position among its addresses', async () => {
  const resolved = fc.tuple(privateV4, fc.nat(3)).map(([address, at]) => {
    return ['1.1.1.1', '8.8.8.8', '2606:4700::1111'].toSpliced(at, 0, toDotted(address))
  })
  await fc.assert(
    fc.asyncProperty(resolved, async addresses => {
      const resolve = async () => addresses
      expect(await fetchErrorCode('http://public.example/', { ...testOptions(), resolve })).toBe('blocked-address')
    }),
  )
})

/** The spellings of an IPv4 address that the URL standard allows, and the IPv6 addresses that contain it. */
const SPELLINGS: readonly ((address: number) => string)[] = [
  toDotted,
  String,
  address => `0x${address.toString(16)}`,
  address => `0${address.toString(8)}`,
  address =>
    toOctets(address)
      .map(octet => `0x${octet.toString(16)}`)
      .join('.'),
  address =>
    toOctets(address)
      .map(octet => `0${octet.toString(8)}`)
      .join('.'),
  address => `${address >>> 24}.${address & 0xffffff}`,
  address => `${address >>> 24}.0x${((address >>> 16) & 0xff).toString(16)}.${address & 0xffff}`,
  address => `${toDotted(address)}.`,
  address => toDotted(address).replaceAll(/\d/g, digit => `%3${digit}`),
  address => toDotted(address).replaceAll(/\d/g, digit => String.fromCodePoint(0xff10 + Number(digit))),
  address => toDotted(address).replaceAll('.', '。'),
  address => `[::ffff:${toDotted(address)}]`,
  address => `[::FFFF:${toWords(address)}]`,
  address => `[0:0:0:0:0:ffff:${toWords(address)}]`,
  address => `[::${toDotted(address)}]`,
  address => `[64:ff9b::${toDotted(address)}]`,
  address => `[64:ff9b:1::${toWords(address)}]`,
  address => `[2002:${toWords(address)}::1]`,
  address => `[2001:0:${toWords(address)}::1]`,
]

function toOctets(address: number): number[] {
  return [24, 16, 8, 0].map(shift => (address >>> shift) & 0xff)
}

function toDotted(address: number): string {
  return toOctets(address).join('.')
}

function toWords(address: number): string {
  return `${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`
}

function toNumber(address: string): number {
  return address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0)
}
