/** Returns the addresses of a list that is separated by commas. */
export function splitAddresses(list: string): string[] {
  return list
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}
