const PROTOCOLS: readonly string[] = ['nats:', 'tls:']

/** Returns the addresses of the servers of one bus, which are separated by commas. @throws TypeError if one is no URL */
export function splitBusUrls(list: string): URL[] {
  return list
    .split(',')
    .map(text => text.trim())
    .filter(text => text !== '')
    .map(text => new URL(text))
}

/** Returns whether a text is a list of addresses of the bus. */
export function isBusUrlList(list: string): boolean {
  try {
    const urls = splitBusUrls(list)
    return urls.length > 0 && urls.every(({ protocol, host }) => PROTOCOLS.includes(protocol) && host !== '')
  } catch {
    return false
  }
}

/** Returns the hosts of a list of addresses, for logs: without users and passwords. */
export function listBusHosts(list: string): string {
  return splitBusUrls(list)
    .map(({ host }) => host)
    .join(',')
}
