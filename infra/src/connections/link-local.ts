import { BlockList, isIP } from 'node:net'

/**
 * Returns whether the host of a URL is a link-local address. A name may stand for one as well: that is known only where it is resolved.
 *
 * @param url a URL that can be parsed
 */
export function isLinkLocalUrl(url: string): boolean {
  return isLinkLocalAddress(new URL(url).hostname.replace(/^\[|\]$/g, ''))
}

/**
 * Returns whether an address is link-local, which is where clouds have their metadata services, in any of the forms that an IPv4 address
 * has in IPv6. A zone (`%eth0`) does not count.
 */
export function isLinkLocalAddress(address: string): boolean {
  const [plain = ''] = address.split('%')
  const family = isIP(plain)
  if (family === 4) return LINK_LOCAL_V4.check(plain, 'ipv4')
  return family === 6 && LINK_LOCAL_V6.check(plain, 'ipv6')
}

const LINK_LOCAL_V4 = new BlockList()
LINK_LOCAL_V4.addSubnet('169.254.0.0', 16, 'ipv4')

// One list a family: a list with both takes every IPv4 address for its mapped form.
const LINK_LOCAL_V6 = new BlockList()
LINK_LOCAL_V6.addSubnet('fe80::', 10, 'ipv6')
LINK_LOCAL_V6.addSubnet('::ffff:169.254.0.0', 112, 'ipv6') // mapped
LINK_LOCAL_V6.addSubnet('::169.254.0.0', 112, 'ipv6') // compatible, deprecated
LINK_LOCAL_V6.addSubnet('64:ff9b::169.254.0.0', 112, 'ipv6') // NAT64
LINK_LOCAL_V6.addSubnet('2002:a9fe::', 32, 'ipv6') // 6to4
LINK_LOCAL_V6.addAddress('fd00:ec2::254', 'ipv6') // metadata of AWS
