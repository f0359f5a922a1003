import{a}from"./chunk-KHKDUAJD.js";import"./chunk-YRTWCYT3.js";import"./chunk-B2VGNLQE.js";export{a as Help};
