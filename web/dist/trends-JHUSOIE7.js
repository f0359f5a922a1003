import{a}from"./chunk-MANKEZBT.js";import"./chunk-J66BEZBA.js";import"./chunk-35POPD7Y.js";import"./chunk-YRTWCYT3.js";import"./chunk-B2VGNLQE.js";export{a as Trends};
