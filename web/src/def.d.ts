/* What build.mjs makes of quality.def: [text en, text fr, remedy en, remedy fr] by token; of gap.def the first two. */
declare module "*.def" {
	const table: Record<string, [string, string, string, string]>;
	export default table;
}
declare module "*.css";
/* The files of src/words by their names, English first; and what the switch to each says, in its own words. */
declare module "words" {
	export const loaders: Record<string, () => Promise<{ default: import("./words/en").Words }>>;
	export const shows: Record<string, string>;
}
declare module "styles";
