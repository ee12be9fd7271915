/** Marks a style sheet that could not be loaded. The code that came with it would be shown without it from then on. */
export function markFailedStyles({ target }: Event): void {
  if (target instanceof HTMLLinkElement && target.rel === 'stylesheet') target.dataset.failed = ''
}

/** Loads the style sheets again that could not be loaded. @throws Error if one still cannot */
export async function reloadFailedStyles(): Promise<void> {
  const failed = [...document.querySelectorAll<HTMLLinkElement>('link[data-failed]')]
  await Promise.all(failed.map(reload))
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
