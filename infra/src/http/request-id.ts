const ACCEPTED_ID = /^[A-Za-z0-9_-]{8,64}$/

const requestIds = new WeakMap<Request, string>()

/** Returns a request's id: the caller's `x-request-id` when it is a plain token, else a new one. The same at every call. */
export function getRequestId(request: Request): string {
  const existing = requestIds.get(request)
  if (existing) return existing
  const given = request.headers.get('x-request-id') ?? ''
  const id = ACCEPTED_ID.test(given) ? given : Bun.randomUUIDv7()
  requestIds.set(request, id)
  return id
}
