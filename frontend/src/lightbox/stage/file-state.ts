/** State of a file that could not be shown: the studio has it, has it no more, or does not answer. */
export type FileState = 'present' | 'gone' | 'unreachable'

const DEADLINE_MS = 10_000

/** Requests the first byte of a file, to find out why it could not be shown. */
export async function readFileState(
  url: string,
  request: Pick<typeof globalThis, 'fetch'> = globalThis,
): Promise<FileState> {
  try {
    const options = {
      headers: { range: 'bytes=0-0' },
      cache: 'no-store',
      signal: AbortSignal.timeout(DEADLINE_MS),
    } as const
    const response = await request.fetch(url, options)
    await response.body?.cancel()
    if (response.ok) return 'present'
    return response.status === 404 || response.status === 410 ? 'gone' : 'unreachable'
  } catch {
    return 'unreachable'
  }
}
