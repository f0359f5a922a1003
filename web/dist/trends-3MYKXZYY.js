import{a}from"./chunk-VYTXHFRS.js";import"./chunk-6QCCBGCY.js";import"./chunk-I52VHJFR.js";import"./chunk-YRTWCYT3.js";import"./chunk-RMYQN6QT.js";export{a as Trends};
