// Runs before the first paint, as a file of its own. The same key is read and written by theme.ts.
try {
  const theme = localStorage.getItem('darkroom.theme')
  if (theme === 'dark' || theme === 'paper') document.documentElement.dataset.theme = theme
} catch {
  // Storage is switched off: the page follows the system.
}
