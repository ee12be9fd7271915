import type { Sizes } from '@darkroom/contracts/model'
import type { ListedModel } from './server-preset.ts'
import { toSizes } from './sizes.ts'

const V4_SIZES = list(
  '1024x1024 1536x768 768x1536 1280x832 832x1280 1216x896 896x1216 1152x896 896x1152 832x1344 1344x768 768x1344',
)
const V4_PRO_SIZES = list('2048x2048 3072x1536 1536x3072 2560x1664 1664x2560')
const V3_SIZES = list('1024x1024 1365x1024 1024x1365 1536x1024 1024x1536 1820x1024 1024x1820 2048x1024 1024x2048')

/**
 * The models that make pictures of pixels. Recraft does not list its models.
 *
 * @see https://www.recraft.ai/docs/api-reference/appendix sizes and lengths of prompts
 */
export const RECRAFT_MODELS: readonly ListedModel[] = [
  { name: 'recraftv4_1', title: 'Recraft V4.1', sizes: V4_SIZES },
  { name: 'recraftv4_1_pro', title: 'Recraft V4.1 Pro', sizes: V4_PRO_SIZES },
  { name: 'recraftv4', title: 'Recraft V4', sizes: V4_SIZES },
  { name: 'recraftv4_pro', title: 'Recraft V4 Pro', sizes: V4_PRO_SIZES },
  { name: 'recraftv3', title: 'Recraft V3', sizes: V3_SIZES, promptCharacters: 1_000, outputMicros: 40_000 },
]

function list(sizes: string): Sizes {
  return { kind: 'list', sizes: toSizes(sizes.split(' ')), auto: false }
}
