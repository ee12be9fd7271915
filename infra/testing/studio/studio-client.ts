import { Generation } from '@darkroom/contracts/generation'
import { waitFor } from '../wait-for.ts'

/** Requests to a studio. */
export interface StudioClient {
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** @throws Error with the response's text unless the submission is accepted */
  submit(body: unknown): Promise<Generation>
  getGeneration(id: string): Promise<Generation>
  /** Waits until a generation matches. @throws Error with the generation as it was last, after `milliseconds` (60,000 unless given) */
  waitForGeneration: WaitForGeneration
}

export type WaitForGeneration = (
  id: string,
  matches: (generation: Generation) => boolean,
  milliseconds?: number,
) => Promise<Generation>

const GENERATION_TIMEOUT_MS = 60_000

/** Creates a client whose requests fail as `fetch` does. */
export function createStudioClient(url: string): StudioClient {
  const request = (path: string, init?: RequestInit) => fetch(new URL(path, url), init)
  const getGeneration = (id: string) => fetchGeneration(request, id)
  return {
    fetch: request,
    getGeneration,
    submit: async body => {
      const response = await postJson(request, '/api/generate', body)
      if (!response.ok) throw new Error(await response.text())
      return Generation.parse(await response.json())
    },
    waitForGeneration: (id, matches, milliseconds = GENERATION_TIMEOUT_MS) =>
      pollGeneration(id, { get: getGeneration, matches, milliseconds }),
  }
}

export async function fetchGeneration(request: StudioClient['fetch'], id: string): Promise<Generation> {
  return Generation.parse(await (await request(`/api/generations/${id}`)).json())
}

export async function postJson(request: StudioClient['fetch'], path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return await request(path, { method: 'POST', headers, body: JSON.stringify(body) })
}

/**
 * Polls a generation until it matches.
 *
 * @param options `get` gives undefined if it cannot be read now; an error of it ends the wait
 * @throws Error with the generation as it was last, after `milliseconds`
 */
export async function pollGeneration(
  id: string,
  options: {
    get: (id: string) => Promise<Generation | undefined>
    matches: (generation: Generation) => boolean
    milliseconds: number
    intervalMs?: number
  },
): Promise<Generation> {
  const { get, matches, milliseconds, intervalMs } = options
  let last: Generation | undefined
  const poll = async () => {
    last = await get(id)
    return last && matches(last) && last
  }
  return await waitFor(`Generation ${id}`, milliseconds, poll, intervalMs).catch(cause => {
    throw new Error(`${cause.message}; it was ${JSON.stringify(last)}`, { cause })
  })
}

/** Returns whether a generation has ended. */
export function isFinished({ status }: Generation): boolean {
  return ['completed', 'failed', 'cancelled'].includes(status)
}
