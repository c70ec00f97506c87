import theme from 'vitepress/theme-without-fonts';
import './palaver.css';

export default theme;
