import type { Sizes } from '@darkroom/contracts/model'
import type { DialectFields } from './server-preset.ts'

type RatioSizes = Extract<Sizes, { kind: 'ratio' }>

/** The sizes that OpenAI's models have had. */
export const OPENAI_SIZES: Sizes = {
  kind: 'list',
  sizes: toSizes(['1024x1024', '1536x1024', '1024x1536', '1792x1024', '1024x1792', '512x512', '256x256']),
  auto: false,
}

/** Sizes of servers that run diffusion models: any, in the steps of their latent space. */
export const FREE_SIZES: Sizes = {
  kind: 'grid',
  step: 16,
  minSide: 128,
  maxSide: 4_096,
  minPixels: 65_536,
  maxPixels: 4_400_000,
  maxRatio: 4,
  auto: false,
}

/** Aspect ratios that the services know which are not given pixels. */
export const RATIO_SIZES: RatioSizes = {
  kind: 'ratio',
  ratios: ['1:1', '4:3', '3:4', '3:2', '2:3', '16:9', '9:16'],
  tiers: [{ name: '1K', side: 1024 }],
  auto: false,
}

/** Sizes of a server that is given none. */
const UNKNOWN_SIZE: Sizes = { kind: 'list', sizes: toSizes(['1024x1024']), auto: true }

/** Sizes of a way to send them that is not the server's own. */
export const SIZES_BY_STYLE: Readonly<Record<DialectFields['sizeStyle'], Sizes>> = {
  size: OPENAI_SIZES,
  'width-height': FREE_SIZES,
  'aspect-ratio': RATIO_SIZES,
  none: UNKNOWN_SIZE,
}

/** Parses sizes that are written as `1024x1024`. */
export function toSizes(texts: readonly string[]): { width: number; height: number }[] {
  return texts.map(text => {
    const [width = 0, height = 0] = text.split('x').map(Number)
    return { width, height }
  })
}
