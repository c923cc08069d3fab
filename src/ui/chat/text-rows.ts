export { cellWidth, cutToWidth, expandTabs, wrapCells, wrapWords } from '../text-rows.ts';
