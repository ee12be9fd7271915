import { ProviderError } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { isOtherServer } from '../http/is-other-server.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { CATALOGUE, type CatalogueModel } from './catalogue.ts'
import type { QuotedPrices } from './model-specs.ts'
import { createSubmission } from './request-body.ts'
import { PriceQuote } from './wire.ts'

/** The model and the quality whose price proves key and address. */
const FIRST = { name: 'generate/ideogram-4-5', quality: 'medium' } as const
const PROMPT = 'A ceramic mug on a wooden table'
const MAX_QUOTE_BYTES = 100_000

/**
 * Returns the price of an output of the first model, which proves key and address. A submission with `dry_run` is validated and priced, and
 * nothing is made or billed [D].
 *
 * @throws ProviderError
 */
export async function quoteFirstPrice(client: HttpClient, signal: AbortSignal): Promise<number> {
  return await quotePrice(client, FIRST.name, FIRST.quality, signal).catch(error => {
    throw isOtherServer(error) ? new ProviderError('provider_refused', { message: WRONG_ADDRESS }) : error
  })
}

const WRONG_ADDRESS = 'There is no API of Ideogram at this address. It is https://api.ideogram.ai, without a version.'

/** Returns the prices of all models that have one for every image. @throws ProviderError where the first price cannot be had */
export async function quotePrices(client: HttpClient, signal: AbortSignal): Promise<Map<string, QuotedPrices>> {
  await quoteFirstPrice(client, signal)
  const names = Object.entries(CATALOGUE).filter(([, { kind }]) => kind !== 'upscale')
  const prices = names.map(async ([name, model]) => [name, await quoteModel(client, name, model, signal)] as const)
  return new Map(await Promise.all(prices))
}

/**
 * Returns the prices of a model. One that the account may not use has null. A refusal for another reason leaves a price out: the image that is
 * priced is not one of the user's.
 */
async function quoteModel(
  client: HttpClient,
  name: string,
  { qualities }: CatalogueModel,
  signal: AbortSignal,
): Promise<QuotedPrices> {
  const prices = new Map<string, number>()
  for (const quality of qualities.length > 0 ? qualities : ['']) {
    try {
      prices.set(quality, await quotePrice(client, name, quality, signal))
    } catch (error) {
      if (!(error instanceof ProviderError) || error.failure !== 'permanent') throw error
      if (error.code === 'no_permission' || error.code === 'request_unknown') return null
    }
  }
  return prices
}

async function quotePrice(client: HttpClient, name: string, quality: string, signal: AbortSignal): Promise<number> {
  const isGenerate = CATALOGUE[name]?.kind === 'generate'
  const { path, body } = createSubmission({
    ...EXAMPLE,
    model: `ideogram/${name}`,
    settings: quality === '' ? {} : { quality },
    references: isGenerate
      ? []
      : [{ role: 'source', mimeType: 'image/png', bytes: EXAMPLE_IMAGE, width: 256, height: 256 }],
  })
  const request: HttpRequest = {
    method: 'POST',
    path: `${path}?dry_run=true`,
    body,
    signal,
    failureIfUnanswered: 'retryable',
  }
  const { data } = PriceQuote.safeParse(await readJson(await sendRequest(client, request), request, MAX_QUOTE_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data.usd_micros
}

/** A submission that is only priced. The size `auto` is billed as the largest [D]. */
const EXAMPLE = {
  kind: 'image',
  operation: 'generate',
  prompt: PROMPT,
  width: 1_024,
  height: 1_024,
  aspectRatio: '1:1',
  resolution: 'auto',
  indices: [0],
  seed: 1,
} as const

/** A grey square of 256 × 256 pixels, as PNG. */
const EXAMPLE_IMAGE = Uint8Array.fromBase64(
  'iVBORw0KGgoAAAANSUhEUgAAAQAAAAEACAMAAABrrFhUAAAAA1BMVEWIiIhYZW6zAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAVElEQVR42u3BAQEAAACAkP6v7ggKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGAEPAAEccgnDAAAAAElFTkSuQmCC',
)
