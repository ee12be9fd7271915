// Runs before the first paint, and follows the theme of the studio: theme.ts writes the same key.
const dark = matchMedia('(prefers-color-scheme: dark)')

function readTheme() {
  try {
    return localStorage.getItem('darkroom.theme')
  } catch {
    // Storage is switched off: the page follows the system.
    return null
  }
}

function applyTheme() {
  const theme = readTheme()
  const isDark = theme === 'dark' || (theme !== 'paper' && dark.matches)
  document.documentElement.classList.toggle('dark-mode', isDark)
  document.documentElement.style.colorScheme = isDark ? 'dark' : 'light'
}

applyTheme()
dark.addEventListener('change', applyTheme)
addEventListener('storage', applyTheme)
