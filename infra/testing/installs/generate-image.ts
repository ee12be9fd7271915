import { Generation } from '@darkroom/contracts/generation'
import { StudioReadiness } from '@darkroom/contracts/parts'
import { waitUntil } from '../../local/process/wait-until.ts'

const GENERATE_TIMEOUT_MS = 60_000

/**
 * Generates an image in a studio, by HTTP alone, as a check of all its parts. Repeats requests that are refused with 503 while a part
 * restarts, and those that are broken off by the death of the process which answers at the address.
 *
 * @returns the address of the image
 * @throws Error without a complete image after half a minute
 */
export async function generateImage(studio: string): Promise<string> {
  const wait = {
    what: 'The image',
    milliseconds: GENERATE_TIMEOUT_MS,
    signal: AbortSignal.timeout(GENERATE_TIMEOUT_MS),
  }
  // The first processor writes the models: without them nothing can be submitted.
  await waitUntil(signal => isComplete(studio, signal), wait)
  const clientId = crypto.randomUUID()
  const { id } = await waitUntil(signal => submitGeneration(studio, clientId, signal), wait)
  const imagePath = await waitUntil(signal => findOutputUrl(`${studio}/api/generations/${id}`, signal), wait)
  await waitUntil(async () => (await isImageServed(studio, imagePath)) || undefined, wait)
  return imagePath
}

/** Checks that no part of a studio is missing. @param host its public Host, if that is another; @returns undefined while one is */
export async function isComplete(
  studio: string,
  signal: AbortSignal,
  host = new URL(studio).host,
): Promise<true | undefined> {
  const response = await fetch(`${studio}/readyz`, { signal, headers: { host } }).catch(() => undefined)
  const readiness = StudioReadiness.safeParse(await response?.json().catch(() => undefined))
  return readiness.data?.ready || undefined
}

/** Checks that a studio serves an image at an address. */
export async function isImageServed(studio: string, path: string): Promise<boolean> {
  const response = await fetch(new URL(path, studio))
  const bytes = await response.bytes()
  return response.ok && (response.headers.get('content-type') ?? '').startsWith('image/') && bytes.length > 1_000
}

/** Checks that the interface and the files of its page are served. */
export async function isUiServed(studio: string): Promise<boolean> {
  const page = await fetch(studio)
  const scripts = [...(await page.text()).matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path)
  const responses = await Promise.all(scripts.map(path => fetch(`${studio}${path}`)))
  return page.ok && scripts.length > 0 && responses.every(response => response.ok)
}

/** Submits a generation. Repeats with the same client id are one generation. */
async function submitGeneration(
  studio: string,
  clientId: string,
  signal: AbortSignal,
): Promise<Generation | undefined> {
  const generation = {
    clientId,
    prompt: 'a quiet harbour',
    model: 'demo',
    parameters: { numOutputs: 1, resolution: 512 },
  }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(generation)
  return await requestGeneration(`${studio}/api/generate`, { method: 'POST', headers, body, signal })
}

async function findOutputUrl(url: string, signal: AbortSignal): Promise<string | undefined> {
  const found = await requestGeneration(url, { signal })
  if (!found) return undefined
  const { status, error, outputs } = found
  if (status === 'failed') throw new Error(`the generation failed: ${error?.message}`)
  return status === 'completed' ? (outputs[0]?.url ?? undefined) : undefined
}

/** @returns undefined on 503 and for a request that is broken off, to be repeated */
async function requestGeneration(url: string, init: RequestInit): Promise<Generation | undefined> {
  const response = await fetch(url, init).catch(() => undefined)
  if (!response || response.status === 503) return undefined
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return Generation.parse(await response.json())
}
