import type { Price } from '@darkroom/contracts/model'
import { toMicros } from '@darkroom/contracts/price'
import type { FalModel } from './fal-model.ts'

/** The price of an endpoint as fal lists it for an account: of a unit, as `images`, `megapixels`, `seconds`. */
export interface UnitPrice {
  unitPrice: number
  unit: string
  currency: string
}

/** Returns the price that several endpoints have in common; undefined if they have none. */
export function findCommonPrice(
  endpoints: readonly string[],
  prices: ReadonlyMap<string, UnitPrice>,
): UnitPrice | undefined {
  const [first, ...others] = endpoints.map(endpoint => prices.get(endpoint))
  const isSame = others.every(
    other =>
      other?.unitPrice === first?.unitPrice && other?.unit === first?.unit && other?.currency === first?.currency,
  )
  return isSame ? first : undefined
}

/** Kinds of prices by the names of their units, whose spelling differs between the pages of fal. [D, U] */
const UNITS: readonly (readonly [RegExp, 'per-output' | 'per-megapixel' | 'per-second'])[] = [
  [/^(?:images?|videos?)$/i, 'per-output'],
  [/^megapixels?$/i, 'per-megapixel'],
  [/^(?:seconds?|video[ _]seconds?)$/i, 'per-second'],
]

/** Returns the price of an output: that of the catalogue, else what fal lists; unknown where that is not the whole price. */
export function toPrice(model: FalModel, prices: ReadonlyMap<string, UnitPrice>): Price {
  if (typeof model.price === 'object') return model.price
  const endpoints = Object.values(model.routes).map(({ endpoint }) => endpoint)
  const listed = model.price === 'listed' ? findCommonPrice(endpoints, prices) : undefined
  const kind = UNITS.find(([name]) => name.test(listed?.unit ?? ''))?.[1]
  return listed && kind ? { kind, currency: listed.currency, micros: toMicros(listed.unitPrice) } : { kind: 'unknown' }
}
