/** What the picture says of itself. */
export interface XmpLabel {
  prompt: string
  seed: number
  /** Which output of its generation it is, from 0. */
  index: number
}

/** The statement that every picture carries, whatever happens to its file name. */
const STATEMENT = 'Procedural image, no AI model'

/**
 * XMP that says truthfully how the picture was made: by an algorithm that was not trained on anything.
 *
 * @see https://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia
 */
export function createXmp({ prompt, seed, index }: XmpLabel): string {
  return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmp:CreatorTool="Darkroom Demo (${STATEMENT})"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">${STATEMENT}. Prompt: ${escapeXml(prompt)}. Seed: ${seed}. Output: ${index + 1}.</rdf:li></rdf:Alt></dc:description>
</rdf:Description></rdf:RDF></x:xmpmeta>`
}

/** @see https://www.w3.org/TR/xml/#charsets what XML cannot hold is left out */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
