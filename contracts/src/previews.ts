/** Widths, in pixels, of the previews kept beside every picture. The first is for thumbnails, the last for the feed. */
export const PREVIEW_WIDTHS = [320, 960] as const
export type PreviewWidth = (typeof PREVIEW_WIDTHS)[number]

/** The key of the preview that lies beside an object: `a/b.png` → `a/b.w320.webp`. */
export function previewKey(key: string, width: PreviewWidth): string {
  return `${key.replace(/\.[a-z0-9]+$/, '')}.w${width}.webp`
}

/** The keys of an object and of the previews beside it. */
export function objectKeys(key: string): string[] {
  return [key, ...PREVIEW_WIDTHS.map(width => previewKey(key, width))]
}

const LARGEST_PREVIEW = new RegExp(`\\.w${Math.max(...PREVIEW_WIDTHS)}\\.webp$`)

/** The same preview at another width: rows name the largest one. Any other address comes back as it is. */
export function previewUrlAtWidth(previewUrl: string, width: PreviewWidth): string {
  return previewUrl.replace(LARGEST_PREVIEW, `.w${width}.webp`)
}
