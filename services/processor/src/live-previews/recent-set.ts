/** Creates a set of the texts that were added last. @param maxSize texts beyond which the oldest is forgotten */
export function createRecentSet(maxSize: number): Pick<Set<string>, 'has'> & { add(text: string): void } {
  const texts = new Set<string>()
  return {
    has: text => texts.has(text),
    add: text => {
      texts.add(text)
      const [oldest] = texts
      if (texts.size > maxSize && oldest !== undefined) texts.delete(oldest)
    },
  }
}
