import theme from 'vitepress/theme'
import './style.css'

// VitePress reads the theme from the default export.
export default theme
