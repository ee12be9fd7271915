import { Generation } from '@darkroom/contracts/generation'
import { waitUntil } from '../../local/process/wait-until.ts'

const GENERATE_TIMEOUT_MS = 30_000

/**
 * Makes a picture in a studio, by HTTP alone: the proof that all of it works. While a part starts again the studio says so and
 * means to be asked again: it is.
 *
 * @returns where the picture is
 * @throws Error if there is no whole picture in half a minute
 */
export async function generateImage(studio: string): Promise<string> {
  const wait = {
    what: 'The picture',
    milliseconds: GENERATE_TIMEOUT_MS,
    signal: AbortSignal.timeout(GENERATE_TIMEOUT_MS),
  }
  const clientId = crypto.randomUUID()
  const { id } = await waitUntil(signal => submitGeneration(studio, clientId, signal), wait)
  const imagePath = await waitUntil(signal => findOutputUrl(`${studio}/api/generations/${id}`, signal), wait)
  await waitUntil(async () => (await isImageServed(studio, imagePath)) || undefined, wait)
  return imagePath
}

/** Whether there is a picture at an address within a studio. */
export async function isImageServed(studio: string, path: string): Promise<boolean> {
  const response = await fetch(new URL(path, studio))
  const bytes = await response.bytes()
  return response.ok && (response.headers.get('content-type') ?? '').startsWith('image/') && bytes.length > 1_000
}

/** Whether the interface is there, with what its page asks for. */
export async function isUiServed(studio: string): Promise<boolean> {
  const page = await fetch(studio)
  const scripts = [...(await page.text()).matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path)
  const responses = await Promise.all(scripts.map(path => fetch(`${studio}${path}`)))
  return page.ok && scripts.length > 0 && responses.every(response => response.ok)
}

/** Sent again under the same name it is still one generation. */
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

/** @returns undefined if it is to be asked again */
async function requestGeneration(url: string, init: RequestInit): Promise<Generation | undefined> {
  const response = await fetch(url, init)
  if (response.status === 503) return undefined
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return Generation.parse(await response.json())
}
