import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * Returns whether an address belongs to the public internet, which a URL from outside may point to. Fails closed: text that is
 * no address is not public.
 *
 * @param address an IPv4 or IPv6 address as a resolver or a parsed URL gives it, without brackets
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !SPECIAL_V4.check(address, 'ipv4')
  if (isIPv6(address)) return GLOBAL_V6.check(address, 'ipv6') && !SPECIAL_V6.check(address, 'ipv6')
  return false
}

const SPECIAL_V4 = subnets('ipv4', [
  '0.0.0.0/8', // this network
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT, and some clouds' metadata
  '127.0.0.0/8',
  '168.63.129.16/32', // the host's own service on Azure, although the range is public
  '169.254.0.0/16', // link-local, and most clouds' metadata
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
])

/**
 * The block of global unicast addresses. Loopback, unique-local, link-local, multicast, all IPv6 forms of IPv4 addresses and
 * NAT64 lie outside of it, so that none of them needs an entry.
 */
const GLOBAL_V6 = subnets('ipv6', ['2000::/3'])

const SPECIAL_V6 = subnets('ipv6', [
  '2001::/23', // protocol assignments: Teredo, ORCHID, benchmarks
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: any IPv4 address inside
  '3fff::/20', // documentation
])

function subnets(family: 'ipv4' | 'ipv6', blocks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const block of blocks) {
    const [network = '', bits] = block.split('/')
    list.addSubnet(network, Number(bits), family)
  }
  return list
}
