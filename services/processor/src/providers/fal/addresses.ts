/** Hosts of the queue: the usual one, and the one behind it. [D] fal.ai/docs/api-reference/inference-api/openapi/queue.json */
const QUEUE_ORIGINS = ['https://queue.fal.run', 'https://queue.falrun.com']
const PLATFORM_URL = 'https://api.fal.ai/v1'

/**
 * Returns the address of the platform API, which lists prices and schemas. fal has it on another host than the queue; of any other base,
 * as that of a proxy or a test, it is below `/platform` of the base's own origin.
 */
export function toPlatformUrl(baseUrl: string): string {
  const { origin } = new URL(baseUrl)
  return QUEUE_ORIGINS.includes(origin) ? PLATFORM_URL : `${origin}/platform`
}

/** Returns whether the key may be sent to a URL: to the connection's own origin, and to the hosts of fal's queue. */
export function isAllowedUrl(url: string, baseUrl: string): boolean {
  if (!URL.canParse(url)) return false
  const { origin, username, password } = new URL(url)
  const isPlain = username === '' && password === ''
  return isPlain && [new URL(baseUrl).origin, ...QUEUE_ORIGINS].includes(origin)
}
