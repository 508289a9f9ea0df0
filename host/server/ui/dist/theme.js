(()=>{function c(e){try{return localStorage.getItem(e)}catch{return null}}function r(e,t){try{t===null?localStorage.removeItem(e):localStorage.setItem(e,t)}catch{}}var l="stepwell-theme",o=["system","light","dark"];function a(e){return o[(o.indexOf(e)+1)%o.length]??"system"}function s(){let e=c(l)??"system";return o.includes(
e)?e:"system"}function n(e){let{dataset:t}=document.documentElement;e==="system"?delete t.theme:t.theme=e;for(let d of document.querySelectorAll("[data-theme-to\
ggle]"))d.textContent=`Theme: ${e}`}function i(){n(s()),document.addEventListener("DOMContentLoaded",()=>n(s())),addEventListener("storage",({key:e})=>e===l&&n(
s())),document.addEventListener("click",({target:e})=>{if(!(e instanceof Element&&e.closest("[data-theme-toggle]")))return;let t=a(document.documentElement.dataset.
theme??"system");r(l,t==="system"?null:t),n(t)})}typeof document<"u"&&i();})();
