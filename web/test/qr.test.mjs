/* qr.test.mjs - QR codes: those that a reader has read, bit by bit; what is too long is none */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { load } from "./load.mjs";

const { qr } = await load("admin/qr");
const digest = (text) => createHash("sha256").update(qr(text).map((row) => row.map(Number).join("")).join("\n")).digest("hex").slice(0, 16);

test("sizes grow with the text, and what is too long is no code", () => {
	assert.equal(qr("a".repeat(17)).length, 21);
	assert.equal(qr("a".repeat(18)).length, 25);
	assert.equal(qr("a".repeat(271)).length, 57);
	assert.equal(qr("a".repeat(272)), null);
	assert.equal(qr("é".repeat(136)), null, "bytes count, not letters");
});

/* Each was read back by jsQR, as was every length up to the longest. */
test("codes of versions 1, 5, 7 and 10 are those that were read", () => {
	assert.equal(digest("mbc"), "4e93a8e27a9a9369");
	assert.equal(digest("otpauth://totp/tpr-1:bert?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=tpr-1"), "7262a5619b27c987");
	assert.equal(digest("x".repeat(150)), "1b893491bd8934e7");
	assert.equal(digest("y".repeat(260)), "cf78a345bda09ab5");
});
