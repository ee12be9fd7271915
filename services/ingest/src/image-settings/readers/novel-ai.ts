import { parseLooseJson } from '../loose-json.ts'
import { createMetadata, type ImageMetadata, toObject, toText } from '../metadata.ts'

/** Most characters of a picture that have a caption. */
const MAX_CAPTIONS = 32
const SEPARATOR = ' | '

/**
 * Reads the format of NovelAI: `Software`, the model in `Source`, and an object of JSON in `Comment`, whose newer form has a caption for
 * the whole and one for each character. What it hides in the alpha channel is not read.
 *
 * @see https://docs.novelai.net/en/image/metadata
 */
export function readNovelAi(texts: Readonly<Record<string, string>>): ImageMetadata | undefined {
  const { Software: software, Comment: comment, Description: description, Source: model } = texts
  if (software !== 'NovelAI') return undefined
  const settings = toObject(parseLooseJson(comment))
  const {
    prompt,
    uc,
    seed,
    width,
    height,
    scale: guidance,
    v4_prompt: captions,
    v4_negative_prompt: negatives,
    ...rest
  } = settings
  return createMetadata({
    source: 'NovelAI',
    prompt: joinCaptions(captions) || toText(prompt) || (description ?? ''),
    negative: joinCaptions(negatives) || uc,
    model,
    seed,
    width,
    height,
    rest: { guidance, ...rest },
  })
}

/** Returns the caption of the whole and those of the characters, as NovelAI separates them in one text. */
function joinCaptions(captions: unknown): string {
  const { base_caption: base, char_captions: characters } = toObject(toObject(captions).caption)
  const list = Array.isArray(characters) ? characters.slice(0, MAX_CAPTIONS) : []
  const texts = [base, ...list.map(character => toObject(character).char_caption)].map(text => toText(text).trim())
  return texts.filter(text => text !== '').join(SEPARATOR)
}
