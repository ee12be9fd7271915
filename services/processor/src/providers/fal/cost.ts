import { toMicros } from '@darkroom/contracts/price'
import { ProviderError } from '../adapter.ts'
import { CATALOGUE } from './catalogue.ts'
import type { Platform } from './platform.ts'
import { findCommonPrice, type UnitPrice } from './unit-price.ts'

/** The cost of a call. */
export interface BilledCost {
  micros: number
  currency: string
}

/** Computes the cost of a call of a model from the units that were billed; undefined where their price is not known. Never throws. */
export type BillReader = (model: string, units: number, signal: AbortSignal) => Promise<BilledCost | undefined>

/** Time for which a price is taken to be the same, in ms. */
const PRICE_MS = 3_600_000

/** Returns the units that fal has billed for a result. The header is [D, third party]: fal documents it for authors of models only. */
export function readBilledUnits(headers: Headers): number | undefined {
  const text = headers.get('x-fal-billable-units')?.trim() ?? ''
  return /^\d{1,9}(?:\.\d{1,12})?$/.test(text) ? Number(text) : undefined
}

/**
 * Creates the reader of bills: units times the price that fal lists for this account. It asks for prices at most once an hour. The endpoint
 * that ran is not in an answer: a cost is computed where all endpoints of the model have the same price.
 */
export function createBillReader(platform: Platform): BillReader {
  const known = new Map<string, { at: number; price: UnitPrice }>()
  return async (model, units, signal) => {
    let found = known.get(model)
    if (!found || performance.now() - found.at > PRICE_MS) {
      const price = await findUnitPrice(platform, model, signal).catch(toUndefined)
      if (!price) return undefined
      found = { at: performance.now(), price }
      known.set(model, found)
    }
    return { micros: toMicros(found.price.unitPrice * units), currency: found.price.currency }
  }
}

async function findUnitPrice(platform: Platform, model: string, signal: AbortSignal): Promise<UnitPrice | undefined> {
  const routes = Object.hasOwn(CATALOGUE, model) ? CATALOGUE[model]?.routes : undefined
  const endpoints = Object.values(routes ?? {}).map(({ endpoint }) => endpoint)
  return findCommonPrice(endpoints, await platform.listPrices(endpoints, signal))
}

/** Ignores an error of the provider: a cost that cannot be computed is no reason to fail a call that was made. */
function toUndefined(error: unknown): undefined {
  if (error instanceof ProviderError) return undefined
  throw error
}
