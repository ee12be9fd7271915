/** Marks a style sheet that could not be loaded. The code that came with it would be shown without it from then on. */
export function markFailedStyles({ target }: Event): void {
  if (target instanceof HTMLLinkElement && target.rel === 'stylesheet') target.dataset.failed = ''
}

/**
 * Adds to the load of a part that its style sheet is loaded again if that failed. The load fails while it still cannot be loaded; what has
 * no style sheet of its own needs none, and is not wrapped.
 *
 * @param name the part's module, by which its style sheet is named, too
 */
export function withStyles<T>(name: string, load: () => Promise<T>): () => Promise<T> {
  return async () => {
    const part = await load()
    const failed = [...document.querySelectorAll<HTMLLinkElement>('link[data-failed]')]
    await Promise.all(failed.filter(({ href }) => href.includes(`/${name}-`)).map(reload))
    return part
  }
}

function reload(failed: HTMLLinkElement): Promise<void> {
  const link = failed.cloneNode() as HTMLLinkElement
  delete link.dataset.failed
  failed.replaceWith(link)
  return new Promise((resolve, reject) => {
    link.addEventListener('load', () => resolve(), { once: true })
    link.addEventListener('error', () => reject(new Error(`${link.href} could not be loaded`)), { once: true })
  })
}
